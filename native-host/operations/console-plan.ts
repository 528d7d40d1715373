import { sessionKeyPrefix } from '../engine/session-cache.ts';
import { placeWithin } from '../keyring/vault-place.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import { type ConsoleRequest, consoleSeconds, destinationOf, planConsole } from './console.ts';

export type ConsolePlan = {
  /** The same for two processes only if they would sign in with the same credentials, made in the same way. */
  readonly plan: string;
  /** The whole address of the page. */
  readonly destination: string;
};

/**
 * What a console sign-in would be made of, without making it. With `call`, whatever needs a person is done now and cached, so
 * that another process of the same user finds it.
 * @throws VaultError as `consoleUrl` does
 */
export function consolePlan(
  access: VaultAccess,
  request: ConsoleRequest,
  how: { readonly signal: AbortSignal; readonly call?: CallOptions },
): Promise<ConsolePlan> {
  return access.withKeyring(async (keyring) => {
    const plan = await planConsole(access, request, { keyring, signal: how.signal });
    const { steps, context, profile } = plan;
    const destination = await destinationOf(profile, request);
    consoleSeconds(access, request); // refused before anybody is asked for a code
    const isKeyAlone = steps.at(-1)?.type === 'stored-key';
    if (how.call !== undefined && !isKeyAlone) await access.run(plan, how.call);
    const chain = sessionKeyPrefix(steps, context.env) ?? `key ${steps.at(-1)?.profile.name}`;
    const vault = [keyring.backend, placeWithin(keyring.backend, access.settings)];
    const { region, durations } = profile;
    const inputs = [chain, vault, region, durations.federationToken, endpoints(context.env)];
    const { createHash } = process.getBuiltinModule('node:crypto');
    return { plan: createHash('sha256').update(JSON.stringify(inputs)).digest('base64url'), destination };
  });
}

function endpoints(env: VaultAccess['env']): readonly (string | undefined)[] {
  return [env.AWS_ENDPOINT_URL_SIGNIN, env.AWS_ENDPOINT_URL_STS, env.AWS_ENDPOINT_URL];
}
