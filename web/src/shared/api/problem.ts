/** An RFC 9457 problem document, as the backend answers every error. */
export interface ProblemDocument {
  type?: string;
  title?: string;
  status?: number;
  detail?: string;
}

const UNREACHABLE =
  "The server cannot be reached. Check that Casewright is running; this page retries by itself.";

/** A request that was answered with an error, or not at all (`status` 0). `message` is the sentence to show. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";
  readonly status: number;
  /** Which error it is, without its address: `already-decided`. */
  readonly id: string;
  /** In how many milliseconds the server wants to be asked again, where it says so. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status: number, id: string, retryAfterMs?: number) {
    super(message);
    this.status = status;
    this.id = id;
    this.retryAfterMs = retryAfterMs;
  }

  static unreachable(): ApiProblem {
    return new ApiProblem(UNREACHABLE, 0, "unreachable");
  }

  static async fromResponse(response: Response): Promise<ApiProblem> {
    const document = await readDocument(response);
    const sentence = document.detail ?? document.title ?? `The server answered ${response.status}.`;
    const id = document.type?.split(/[/:#]/).pop() ?? "";
    return new ApiProblem(sentence, response.status, id === "" ? "about:blank" : id, askedDelay(response));
  }

  /** Whether the same request may succeed later without anybody changing it. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** `Retry-After` in milliseconds. The backend says seconds, never a date. */
function askedDelay(response: Response): number | undefined {
  const said = response.headers.get("Retry-After") ?? "";
  return /^\d{1,5}$/.test(said) ? Number(said) * 1_000 : undefined;
}

async function readDocument(response: Response): Promise<ProblemDocument> {
  try {
    const body: unknown = await response.json();
    return isDocument(body) ? body : {};
  } catch {
    return {};
  }
}

function isDocument(body: unknown): body is ProblemDocument {
  if (typeof body !== "object" || body === null) return false;
  const { type, title, detail } = body as Record<string, unknown>;
  return [type, title, detail].every((part) => part === undefined || typeof part === "string");
}

/** The one sentence that people see for any error. */
export function errorMessage(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  return "Something went wrong in this page. Reload it; if it happens again, tell whoever runs Casewright.";
}
