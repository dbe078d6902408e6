import "@testing-library/jest-dom/vitest";
import { cleanup, configure } from "@testing-library/react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);
// Each test is a tab of its own.
afterEach(() => sessionStorage.clear());

// Long enough for a busy machine; what fails, fails all the same.
configure({ asyncUtilTimeout: 5_000 });

// What jsdom lacks and Mantine asks for.
const noMatch: Partial<MediaQueryList> = {
  matches: false,
  addEventListener: vi.fn(),
  removeEventListener: vi.fn(),
};
window.matchMedia = (query) => ({ ...noMatch, media: query }) as MediaQueryList;

window.ResizeObserver = class {
  observe = vi.fn();
  unobserve = vi.fn();
  disconnect = vi.fn();
};

Element.prototype.scrollIntoView = vi.fn();

// jsdom loads no fonts: a text area that grows with its text listens for them.
Object.defineProperty(document, "fonts", { value: new EventTarget() });
