import type koffi from 'koffi';

/** The library that calls the system's own functions; only its type is here, so that nothing of it is loaded elsewhere. */
export type NativeCalls = typeof koffi;

/**
 * Loads it from beside the program's own Node. It lies there only on the systems whose keyrings are reached by no program and no
 * socket (build/native-calls.ts); an import would have the bundler take its files apart.
 */
export function loadNativeCalls(): NativeCalls {
  const { createRequire } = process.getBuiltinModule('node:module');
  return createRequire(process.execPath)('koffi');
}
