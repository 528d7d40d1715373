import http from 'node:http';
import { expect } from 'vitest';
import { finished, type Result, type World } from './world.ts';

export const URI = '$AWS_CONTAINER_CREDENTIALS_FULL_URI';
export const AUTHORIZATION = '-H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN"';
export const CURL = `curl -s -w '%{http_code} %{content_type}\\n' ${AUTHORIZATION}`;

/** A shell script run beside the server. */
export function served(
  world: World,
  flags: readonly string[],
  script: string,
  env: Record<string, string> = {},
): Promise<Result> {
  return world.run(['exec', ...flags, '--', 'sh', '-c', script], { env });
}

/** The AWS CLI beside the server: whose credentials it found. */
export function identity(world: World, flags: readonly string[], env: Record<string, string> = {}): Promise<Result> {
  const call = `aws --endpoint-url ${world.aws.url} sts get-caller-identity --query Arn --output text`;
  return served(world, flags, call, env);
}

/** A server whose program lives until it is told to end, and how to ask it. */
export async function startServer(world: World, flags: readonly string[]) {
  const script = 'env | grep ^AWS_CONTAINER; cat > /dev/null';
  const child = world.start(['exec', ...flags, '--', 'sh', '-c', script], { stdio: ['pipe', 'pipe', 'pipe'] });
  const result = finished(child);
  let shown = '';
  child.stdout?.on('data', (text: string) => (shown += text));
  await expect.poll(() => shown).toMatch(/\n.*\n$/);
  const variable = (name: string): string => new RegExp(`${name}=(.*)`).exec(shown)?.[1] ?? '';
  const uri = variable('FULL_URI');
  const token = variable('TOKEN');
  const get = (route = '/', headers: http.OutgoingHttpHeaders = {}, method = 'GET') =>
    new Promise<{ status: number | undefined; type: string | undefined; body: unknown }>((resolve, reject) => {
      const options = { method, headers: { authorization: token, ...headers } };
      const request = http.request(`${uri}${route}`, options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => {
          const body: unknown = text === '' ? undefined : JSON.parse(text);
          resolve({ status: response.statusCode, type: response.headers['content-type'], body });
        });
      });
      request.on('error', reject).end();
    });
  const end = (): Promise<Result> => {
    child.stdin?.end();
    return result;
  };
  return { child, uri, token, get, end };
}
