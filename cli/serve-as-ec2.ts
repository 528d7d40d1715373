import { VaultError } from '../native-host/errors.ts';
import type { Cli } from './cli.ts';
import type { ExecServerOptions, Running, Served } from './commands/exec-server.ts';
export async function serveAsEc2(_served: Served, _options: ExecServerOptions, _cli: Cli): Promise<Running> {
  throw new VaultError('INTERNAL', 'soon');
}
