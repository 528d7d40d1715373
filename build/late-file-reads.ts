/**
 * Stands in for node:fs/promises in AWS's loader of config files, which imports it and is never let near a file: it gets the
 * text from us. Loading the real one takes longer than reading the config does.
 */
export function readFile(file: string, encoding: 'utf8'): Promise<string> {
  return process.getBuiltinModule('node:fs/promises').readFile(file, encoding);
}
