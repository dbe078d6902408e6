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

  constructor(message: string, status: number, id: string) {
    super(message);
    this.status = status;
    this.id = id;
  }

  static unreachable(): ApiProblem {
    return new ApiProblem(UNREACHABLE, 0, "unreachable");
  }

  static async fromResponse(response: Response): Promise<ApiProblem> {
    const document = await readDocument(response);
    const sentence = document.detail ?? document.title ?? `The server answered ${response.status}.`;
    const id = document.type?.split(/[/:#]/).pop() ?? "";
    return new ApiProblem(sentence, response.status, id === "" ? "about:blank" : id);
  }

  /** Whether the same request may succeed later without anybody changing it. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
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
