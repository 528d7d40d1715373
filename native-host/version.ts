import manifest from '../package.json' with { type: 'json' };

/** This release, of the program, the host and the extension alike. */
export const VERSION: string = manifest.version;
