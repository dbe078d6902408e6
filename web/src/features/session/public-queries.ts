import { keys } from "@/shared/api/keys";

/** First parts of the query keys whose data is the same for everybody: kept when the identity changes. */
export const PUBLIC_QUERIES = new Set<unknown>([keys.config[0], keys.session[0]]);
