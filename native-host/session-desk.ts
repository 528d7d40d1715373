import { isAbsolute } from 'node:path';
import type { Env } from './engine/context.ts';
import { VaultError } from './errors.ts';
import type { CachedSessionRequest } from './host-session.ts';
import { boolean, type Check, integer, object, record, text } from './message-check.ts';
import type { CachedSession } from './operations/cached-session.ts';
import { action } from './server.ts';
import { readSettings } from './settings.ts';
import type { UnlockedVaults } from './unlocked-vaults.ts';
import { Vault } from './vault.ts';

export type SessionDeskOptions = {
  readonly vaults: UnlockedVaults;
  readonly hostVersion: string;
  /** Ends every wait on a keyring. */
  readonly signal: AbortSignal;
};

/** What terminals may ask of a host about sessions in the vaults it has unlocked. */
export type SessionDesk = {
  readonly cachedSession: (request: CachedSessionRequest) => Promise<CachedSession | Record<string, never>>;
};

/** Names that shape what a profile means, and no secrets: host-session.ts sends no others. */
const VARIABLE = /^((AWS|KEYTURN|XDG)_\w{1,80}|DBUS_SESSION_BUS_ADDRESS)$/;
const MAX_VARIABLES = 200;

const environment: Check<Env> = (value, name) => {
  const given = Object.entries(record(value, name));
  if (given.length > MAX_VARIABLES)
    throw new VaultError('BAD_MESSAGE', `${name} has more than ${MAX_VARIABLES} variables`);
  const variable = text({ min: 0, max: 8192 });
  return Object.fromEntries(
    given.map(([key, one]) => {
      if (!VARIABLE.test(key)) throw new VaultError('BAD_MESSAGE', `${name} has a variable that is none it needs`);
      return [key, variable(one, `${name}.${key}`)];
    }),
  );
};
const directory = text({ max: 4096, pattern: /^\/[^\0]*$/, form: 'an absolute path' });

export const cachedSessionParams: Check<CachedSessionRequest> = object<CachedSessionRequest>({
  required: { version: text({ max: 64 }), homeDir: directory, env: environment, profile: text({ max: 256 }) },
  optional: {
    backend: text({ max: 64 }),
    fileDir: text({ max: 4096 }),
    region: text({ max: 64 }),
    durationSeconds: integer({ min: 1, max: 129_600 }),
    noSession: boolean,
  },
});

export function sessionDeskActions(desk: SessionDesk) {
  return { cachedSession: action(cachedSessionParams, (request) => desk.cachedSession(request)) };
}

/**
 * Answers with what a terminal would itself find with the same settings and environment, and with nothing where a terminal has to
 * do more than read: where the vault is another one or locked, there is no such session, or another build plans in another way.
 */
export function sessionDesk({ vaults, hostVersion, signal }: SessionDeskOptions): SessionDesk {
  // Of the last terminal's surroundings, which are the next one's: what it has read of the config file is good until that changes.
  let last: { readonly surroundings: string; readonly vault: Vault } | undefined;
  return {
    async cachedSession({ version, homeDir, env, backend, fileDir, profile, noSession = false, ...flags }) {
      if (version !== hostVersion) return {};
      const settings = readSettings(env, homeDir, { backend, fileDir });
      // From where this process runs, a relative path leads to another place.
      if (![settings.fileDir, settings.configFile, settings.credentialsFile].every((file) => isAbsolute(file)))
        return {};
      const surroundings = JSON.stringify([homeDir, env, backend, fileDir]);
      if (last?.surroundings !== surroundings) {
        await last?.vault.close();
        const quiet = (): void => undefined;
        const options = {
          settings,
          env,
          now: () => new Date(),
          log: quiet,
          notice: quiet,
          mayAsk: false,
          signal,
          unlocked: vaults,
        };
        last = { surroundings, vault: new Vault(options) };
      }
      return (await last.vault.cachedSession({ profile, noSession, flags }, signal)) ?? {};
    },
  };
}
