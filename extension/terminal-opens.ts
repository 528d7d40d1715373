import type { OpenEvent } from '../native-host/protocol.ts';
import type { HostConnection } from './host-connection.ts';
import { openConsole, openSignOut } from './open-console.ts';
import { rememberOpened } from './storage.ts';
import { toWireError } from './wire-error.ts';

/** Somebody may have to type a passphrase meanwhile; the terminal gives up before this. */
const URL_MS = 5 * 60_000;
/** The host only takes the news in. */
const FINISH_MS = 30_000;

/**
 * Opens what a terminal asked for, as a click in the popup would, and tells the host how that went. Never rejects: a failure is
 * the terminal's to show.
 */
export async function openForTerminal({ openId, kind, profile }: OpenEvent, connection: HostConnection) {
  const outcome = await attempt({ openId, kind, profile }, connection);
  await connection.call('finishOpen', { openId, ...outcome }, { timeoutMs: FINISH_MS }).catch(() => {
    // The connection is gone, and the terminal has been told so by the host's end.
  });
}

async function attempt(
  { openId, kind, profile }: Omit<OpenEvent, 'event'>,
  connection: HostConnection,
): Promise<{ readonly error?: { readonly code: ReturnType<typeof toWireError>['code']; readonly message: string } }> {
  try {
    const { url } = await connection.call('openUrl', { openId }, { timeoutMs: URL_MS, needs: 'open-console' });
    if (kind === 'signOut') {
      await openSignOut(profile, url);
      return {};
    }
    await openConsole(profile, url);
    await rememberOpened(profile, new Date());
    return {};
  } catch (error) {
    const { code, message } = toWireError(error);
    return { error: { code, message } };
  }
}
