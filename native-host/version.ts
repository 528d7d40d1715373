/** This release, of the program, the host and the extension alike (test/repo/version.test.ts). */
export const VERSION = '0.1.0';
