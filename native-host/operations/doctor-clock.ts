import { send } from '../aws/connection.ts';
import { checkRegion, configuredEndpoint } from '../aws/endpoint.ts';
import { defaultRegion, dnsSuffix, partitionOfRegion } from '../aws/partition.ts';
import { type ResolvedProfile, resolveProfile } from '../aws/profile.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type Finding, inTwo } from './finding.ts';

const TIMEOUT_MS = 2_000;
/** AWS refuses a signature that is further from its clock. */
const REFUSED_SECONDS = 5 * 60;
/** An MFA code lasts for 30 s. */
const WORTH_A_NOTE_SECONDS = 30;

/** How far this machine's clock is from AWS's, by the date of an answer to a request without a signature. */
export async function examineClock(access: VaultAccess, until: AbortSignal): Promise<Finding> {
  const finding = { area: 'aws', subject: 'clock' } as const;
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const profile = await defaultProfile(access);
    const url = new URL(stsUrl(access, profile));
    const startedAt = access.now().getTime();
    const signal = AbortSignal.any([until, limit]);
    const headers = { 'user-agent': 'keyturn' };
    const answer = await send(
      { method: 'GET', url, headers },
      { env: access.env, caBundle: profile?.caBundle, signal },
    );
    const middle = (startedAt + access.now().getTime()) / 2;
    const theirs = Date.parse(answer.headers.date ?? '');
    if (Number.isNaN(theirs)) return { ...finding, level: 'note', text: `${url.host} does not tell the time` };
    return { ...finding, ...judged((middle - theirs) / 1000, url.host) };
  } catch (error) {
    if (until.aborted) throw until.reason;
    if (limit.aborted) {
      const text = `AWS did not answer within ${TIMEOUT_MS / 1000} s, so its clock is not known`;
      return { ...finding, level: 'note', text, remedy: 'check the network and the proxy; --offline skips this' };
    }
    const isOffline = error instanceof VaultError && error.code === 'AWS_UNREACHABLE';
    return { ...finding, level: isOffline ? 'note' : 'broken', ...inTwo(error) };
  }
}

/** Undefined where the config file is broken, which examineConfig tells. */
async function defaultProfile({ config, env }: VaultAccess): Promise<ResolvedProfile | undefined> {
  try {
    return resolveProfile('default', { config: await config(), env, flags: {}, isTarget: false });
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

function stsUrl({ env }: VaultAccess, profile: ResolvedProfile | undefined): string {
  const { endpointUrl: endpoint, serviceEndpoints, ignoresEndpoints, usesDualstack = false } = profile ?? {};
  const region = checkRegion(profile?.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? defaultRegion('aws'));
  const own = configuredEndpoint('STS', env, { endpoint, serviceEndpoints, ignoresEndpoints });
  return own ?? `https://sts.${region}.${dnsSuffix(partitionOfRegion(region), usesDualstack)}`;
}

function judged(seconds: number, host: string): Pick<Finding, 'level' | 'text' | 'remedy'> {
  const off = Math.round(Math.abs(seconds));
  // The answer's date has no fractions of a second.
  if (off <= 2) return { level: 'ok', text: `agrees with ${host}` };
  const text = `this machine is ${shown(off)} ${seconds > 0 ? 'ahead of' : 'behind'} ${host}`;
  const remedy = "set the clock: timedatectl set-ntp true, or your system's time settings";
  if (off >= REFUSED_SECONDS) return { level: 'broken', text: `${text}, and AWS refuses more than 5 min`, remedy };
  return off > WORTH_A_NOTE_SECONDS ? { level: 'note', text, remedy } : { level: 'ok', text };
}

function shown(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
