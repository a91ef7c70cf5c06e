/** Small things that this browser or window notes beside the records. */
export interface Notes {
  /** Null also where the browser keeps nothing. */
  read(name: string): string | null;
  write(name: string, value: string): void;
}

/** Browsers that keep nothing for a page throw already where the storage is named. */
function notesIn(storage: () => Storage): Notes {
  return {
    read(name) {
      try {
        return storage().getItem(name);
      } catch {
        return null;
      }
    },
    write(name, value) {
      try {
        storage().setItem(name, value);
      } catch {
        // Whoever reads it later finds nothing, and goes on as in a new window.
      }
    },
  };
}

/** Of this window, through reloads. */
export const windowNotes = notesIn(() => sessionStorage);
/** Of all windows of this profile. */
export const profileNotes = notesIn(() => localStorage);
