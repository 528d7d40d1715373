// Static, in a module that is itself loaded late: `await import('node:http')` makes Node load its whole fetch, 30 ms.
import { type Agent, Agent as HttpAgent } from 'node:http';
import type { SecureContext } from 'node:tls';
import type { Env } from './profile.ts';
import type { HttpProxy } from './proxy.ts';
import { type Trust, trustOf } from './trust.ts';

/** What the connections of one environment share: sockets that can be used again, and the authorities as parsed. */
export type Pool = {
  readonly env: Env;
  readonly caBundle: string;
  readonly agents: Map<string, Agent>;
  trust: Trust | undefined;
  /** Once AWS's own authorities did not do, which behind a company's proxy they never will. */
  whole: SecureContext | undefined;
};

/** Long enough for the next call of a chain, shorter than any server keeps an idle connection. */
const IDLE_TIMEOUT_MS = 4_000;

// By the environment's own object, of which a process has one: its calls share sockets, and tests share nothing.
const pools = new WeakMap<Env, Map<string, Pool>>();

export function poolOf(env: Env, caBundle = ''): Pool {
  const byBundle = pools.get(env) ?? new Map<string, Pool>();
  pools.set(env, byBundle);
  const pool = byBundle.get(caBundle) ?? { env, caBundle, agents: new Map(), trust: undefined, whole: undefined };
  byBundle.set(caBundle, pool);
  return pool;
}

/**
 * The agent for a URL. Which requests go through a proxy was decided by Go's rules; Node's own are others (no CIDR, no
 * loopback), so its agent is given the proxy and no list.
 * @throws VaultError CONFIG_INVALID for a certificate file that cannot be used
 */
export function agentFor(pool: Pool, url: URL, proxy: HttpProxy | undefined): Agent {
  const isTls = url.protocol === 'https:';
  const key = `${url.protocol} ${proxy?.url ?? ''}`;
  const known = pool.agents.get(key);
  if (known) return known;
  const proxyEnv = proxy && { HTTP_PROXY: proxy.url, HTTPS_PROXY: proxy.url };
  const shared = { keepAlive: true, timeout: IDLE_TIMEOUT_MS, ...(proxyEnv && { proxyEnv }) };
  // The check is asked for, because NODE_TLS_REJECT_UNAUTHORIZED=0 in the process environment would turn it off.
  const agent = isTls
    ? new (process.getBuiltinModule('node:https').Agent)({
        ...shared,
        secureContext: secureContextOf(pool),
        rejectUnauthorized: true,
      })
    : new HttpAgent(shared);
  pool.agents.set(key, agent);
  return agent;
}

function secureContextOf(pool: Pool): SecureContext {
  pool.trust ??= trustOf(pool.env, pool.caBundle);
  return pool.whole ?? pool.trust.everyday;
}

/** From now on the machine's own store counts too. False where only the authorities of one file are to count. */
export function widenTrust(pool: Pool): boolean {
  if (pool.whole) return true;
  pool.whole = pool.trust?.whole?.();
  pool.agents.clear();
  return pool.whole !== undefined;
}
