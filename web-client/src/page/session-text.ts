/** One text in this tab's session storage. */
export interface SessionText {
  read(): string | undefined;
  /** An empty text removes it. */
  write(text: string): void;
}

/** Storage may be forbidden by the browser's settings; then a reload forgets, and nothing breaks. */
export function sessionText(name: string): SessionText {
  return {
    read: () => {
      try {
        return sessionStorage.getItem(name) ?? undefined;
      } catch {
        return undefined;
      }
    },
    write: (text) => {
      try {
        if (text === '') sessionStorage.removeItem(name);
        else sessionStorage.setItem(name, text);
      } catch {
        // As above.
      }
    },
  };
}
