import type { AlertMessage, CaseMessage, ServiceStatus, TelemetryBatch, TurnMessage } from "@/api/types";

export type LiveStatus = "connecting" | "live" | "reconnecting";

/** The payload of each kind of message, as the backend documents it. */
export interface LivePayloads {
  telemetry: TelemetryBatch;
  alert: AlertMessage;
  case: CaseMessage;
  chat: TurnMessage;
  service: ServiceStatus;
}

export type LiveKind = keyof LivePayloads;

export type LiveMessage = { [Kind in LiveKind]: { kind: Kind; data: LivePayloads[Kind] } }[LiveKind];

/** What is about cases and telemetry. */
export type FeedMessage = Exclude<LiveMessage, { kind: "service" | "chat" }>;

const KINDS: readonly LiveKind[] = ["telemetry", "alert", "case", "chat", "service"];

export interface LiveListener {
  onMessage?: (message: LiveMessage) => void;
  /** The stream is open, for the first time or again: what happened just before may not have been heard. */
  onOpen?: () => void;
  /** The server answered with an error; the connection tries again by itself. */
  onRefused?: () => void;
}

/** The part of `EventSource` that the connection uses, so that tests can replace the browser. */
export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: string, listener: (event: Event) => void): void;
  close(): void;
}

const CLOSED = 2;
const FIRST_DELAY = 1_000;
const LONGEST_DELAY = 30_000;
const LONG_AWAY = 60_000;

interface Options {
  url: string;
  open?: (url: string) => EventSourceLike;
}

/**
 * The one event stream of this tab.
 *
 * `EventSource` resumes by itself (with Last-Event-ID) after a dropped connection, but gives up for good
 * when the server answers with an error; then a new source is opened, with growing delays, from the last
 * id seen. Listeners are called at every opening.
 */
export class LiveConnection {
  #status: LiveStatus = "connecting";
  #since = new Date().toISOString();
  #source: EventSourceLike | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delay = FIRST_DELAY;
  #lastId = "";
  readonly #listeners = new Set<LiveListener>();
  readonly #statusListeners = new Set<() => void>();
  readonly #url: string;
  readonly #open: (url: string) => EventSourceLike;

  constructor({ url, open = (address) => new EventSource(address) }: Options) {
    this.#url = url;
    this.#open = open;
  }

  start(): void {
    if (this.#source === undefined) this.#connect();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  /**
   * Connects anew when the network is back, and when a tab that was away for long is looked at again: a
   * connection that died in a sleeping machine may look alive. Returns how to stop watching.
   */
  watchBrowser(): () => void {
    let awaySince: number | undefined;
    const online = () => this.#reconnect();
    const visible = () => {
      if (document.visibilityState === "hidden") {
        awaySince = Date.now();
        return;
      }
      const away = awaySince === undefined ? 0 : Date.now() - awaySince;
      awaySince = undefined;
      if (away > LONG_AWAY || this.#source?.readyState === CLOSED) this.#reconnect();
    };
    window.addEventListener("online", online);
    document.addEventListener("visibilitychange", visible);
    return () => {
      window.removeEventListener("online", online);
      document.removeEventListener("visibilitychange", visible);
    };
  }

  #reconnect(): void {
    if (this.#source === undefined) return;
    this.#delay = FIRST_DELAY;
    this.#connect();
  }

  readonly status = (): LiveStatus => this.#status;
  /** Since when it is in this state. */
  readonly since = (): string => this.#since;

  readonly onStatus = (listener: () => void): (() => void) => {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  };

  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    const source = this.#open(this.#address());
    this.#source = source;
    source.addEventListener("open", () => this.#onOpen());
    source.addEventListener("error", () => this.#onError(source));
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => this.#onMessage(kind, event as MessageEvent<string>));
    }
  }

  #address(): string {
    if (this.#lastId === "") return this.#url;
    const joint = this.#url.includes("?") ? "&" : "?";
    return `${this.#url}${joint}last_event_id=${encodeURIComponent(this.#lastId)}`;
  }

  #onOpen(): void {
    this.#delay = FIRST_DELAY;
    this.#setStatus("live");
    for (const listener of this.#listeners) listener.onOpen?.();
  }

  #onError(source: EventSourceLike): void {
    if (source !== this.#source) return;
    this.#setStatus("reconnecting");
    if (source.readyState !== CLOSED) return;
    for (const listener of this.#listeners) listener.onRefused?.();
    this.#timer = setTimeout(() => this.#connect(), this.#delay);
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }

  #onMessage(kind: LiveKind, event: MessageEvent<string>): void {
    if (event.lastEventId !== "") this.#lastId = event.lastEventId;
    // The backend wrote it by the same document that the types come from.
    const message = { kind, data: JSON.parse(event.data) as never } as LiveMessage;
    for (const listener of this.#listeners) listener.onMessage?.(message);
  }

  #setStatus(status: LiveStatus): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#since = new Date().toISOString();
    for (const listener of this.#statusListeners) listener();
  }
}
