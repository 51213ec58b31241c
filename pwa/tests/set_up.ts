/** Every test has an IndexedDB of its own kind; nothing else is put in place of the platform. */
import "fake-indexeddb/auto";
