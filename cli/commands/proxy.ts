import type { Cli } from '../cli.ts';
export async function proxy(_flags: { readonly stop: boolean }, _cli: Cli): Promise<number> {
  return 1;
}
