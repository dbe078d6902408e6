import { useMutation, useQueryClient } from "@tanstack/react-query";
import { keys } from "@/shared/api/keys";
import { deleteView } from "./delete-view";
import type { View } from "./list-views";
import { saveView } from "./save-view";

interface Rename {
  view: View;
  name: string;
}

async function renameView({ view, name }: Rename) {
  await saveView({ name, query: view.query, shared: view.shared });
  if (name !== view.name) await deleteView(view.name);
}

/** Renames a view: it is saved under the new name before the old one goes. */
export function useRenameView() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: renameView,
    onSettled: () => queries.invalidateQueries({ queryKey: keys.views }),
  });
}
