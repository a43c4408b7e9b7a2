// What the page of prepared states tells to the tests that drive it.

export {};

declare global {
  interface Window {
    __clock: () => number;
    __flush: () => void;
    __findings: (times: number) => number[];
  }
}
