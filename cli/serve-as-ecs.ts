import { isIP } from 'node:net';
import { startContainerServer } from '../native-host/credential-server/container.ts';
import { isLoopback } from '../native-host/credential-server/http-server.ts';
import { VaultError } from '../native-host/errors.ts';
import type { Cli } from './cli.ts';
import type { ExecServerOptions, Running, Served } from './commands/exec-server.ts';

/** Serves credentials to whoever has the token that the program is given. @throws VaultError USAGE, PROCESS_FAILED */
export async function serveAsEcs(
  { profile, credentials, assumeRole }: Served,
  { allowRole, ecsListen, ecsUri }: Pick<ExecServerOptions, 'allowRole' | 'ecsListen' | 'ecsUri'>,
  cli: Cli,
): Promise<Running> {
  const place = listenAddress(ecsListen);
  for (const pattern of allowRole) checkRolePattern(pattern);
  const uri = ecsUri === undefined ? undefined : publicUri(ecsUri);
  if (uri === undefined && ['0.0.0.0', '::'].includes(place.host)) {
    const message = `--ecs-listen ${place.host} is every address of this machine and none a program could ask; name one of them, or say with --ecs-uri where programs find it`;
    throw new VaultError('USAGE', message, { details: { flag: 'ecs-listen' } });
  }
  const server = await startContainerServer({
    ...{ ...place, uri, credentials, assumeRole },
    allowedRoles: allowRole,
    now: () => new Date(),
    log: cli.log,
  });
  cli.log(`container credentials: serving at ${server.uri}`);
  if (!isLoopback(place.host)) {
    cli.say(
      `${cli.programName}: credentials of '${profile}' are served at ${server.uri} without encryption, also to other machines that reach it and know the token`,
    );
  }
  const env = {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: server.uri,
    AWS_CONTAINER_AUTHORIZATION_TOKEN: server.token,
  };
  return { env, close: async () => server.close() };
}

/** `ADDRESS[:PORT]`, an IPv6 address with a port in brackets. @throws VaultError USAGE */
function listenAddress(text = '127.0.0.1'): { readonly host: string; readonly port: number } {
  const [, bracketed, plain = '', digits = '0'] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = isIP(text) === 6 ? text : (bracketed ?? (plain === 'localhost' ? '127.0.0.1' : plain));
  const port = isIP(text) === 6 ? 0 : Number(digits);
  if (isIP(host) !== 0 && port <= 65_535) return { host, port };
  const message = `--ecs-listen must be an IP address of this machine, with a port or without, such as 169.254.170.2:8080, not ${JSON.stringify(text)}`;
  throw new VaultError('USAGE', message, { details: { flag: 'ecs-listen' } });
}

/** A name of a role alone would allow nothing, and be heard of only when the role is asked for. @throws VaultError USAGE */
function checkRolePattern(pattern: string): void {
  if (/^(?:arn:|\*)/.test(pattern)) return;
  const message = `--allow-role must be the ARN of a role, such as arn:aws:iam::123456789012:role/NAME, with * for any characters, not ${JSON.stringify(pattern)}`;
  throw new VaultError('USAGE', message, { details: { flag: 'allow-role' } });
}

/** @throws VaultError USAGE */
function publicUri(text: string): URL {
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = uri !== undefined && uri.username === '' && uri.pathname === '/' && `${uri.search}${uri.hash}` === '';
  if (isPlain && ['http:', 'https:'].includes(uri.protocol)) return uri;
  const message = `--ecs-uri must be a URI without a path, such as http://169.254.170.2, not ${JSON.stringify(text)}`;
  throw new VaultError('USAGE', message, { details: { flag: 'ecs-uri' } });
}
