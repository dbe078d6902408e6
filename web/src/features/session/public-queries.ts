import { keys } from "@/shared/api/keys";

/** First parts of the query keys that say the same to everybody: they outlive a change of identity. */
export const PUBLIC_QUERIES = new Set<unknown>([keys.config[0], keys.session[0]]);
