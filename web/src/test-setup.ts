import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);

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
