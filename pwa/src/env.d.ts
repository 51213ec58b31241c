/// <reference types="vite/client" />
/// <reference types="svelte" />

/** Version of the app, from package.json. */
declare const __VERSION__: string;
