import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { sendRepeatedly } from '../../native-host/aws/attempts.ts';
import { failureOf, listening } from './aws-edge-sockets.ts';

type Behaviour = 'cut' | number;

/** A server that behaves so in turn, and the last way from then on. */
async function serverThat(...behaviours: Behaviour[]) {
  let asked = 0;
  const server = await listening(
    createServer((_message, answer) => {
      const behaviour = behaviours[Math.min(asked, behaviours.length - 1)] ?? 200;
      asked += 1;
      if (behaviour === 'cut') answer.destroy();
      else answer.writeHead(behaviour).end('body');
    }),
  );
  return { server, asked: () => asked };
}

function ask(url: string, signal = new AbortController().signal) {
  return sendRepeatedly({ method: 'GET', url: new URL(url), headers: {} }, { env: {}, signal });
}

test.each([
  [[503, 429, 200], 200, 3],
  [['cut', 200], 200, 2],
  [[500, 500, 500, 200], 500, 3],
  [[400, 200], 400, 1],
  [[403, 200], 403, 1],
] as const)('of %j the answer is %i after %i attempts', async (behaviours, status, attempts) => {
  const { server, asked } = await serverThat(...behaviours);
  await using _server = server;
  expect((await ask(server.url)).statusCode).toBe(status);
  expect(asked()).toBe(attempts);
});

test('a connection that is cut each time is an error after three attempts', async () => {
  const { server, asked } = await serverThat('cut');
  await using _server = server;
  expect(await failureOf(ask(server.url))).toMatchObject({ code: 'AWS_UNREACHABLE' });
  expect(asked()).toBe(3);
});

test('a setting that is wrong is told at once', async () => {
  const env = { HTTP_PROXY: 'socks5://127.0.0.1:1' };
  const request = { method: 'GET', url: new URL('http://aws.example/'), headers: {} };
  const error = await failureOf(sendRepeatedly(request, { env, signal: new AbortController().signal }));
  expect(error.code).toBe('CONFIG_INVALID');
});

test('a person who stops it does not wait for the next attempt', async () => {
  const { server, asked } = await serverThat(503);
  await using _server = server;
  const stopping = new AbortController();
  const failure = failureOf(ask(server.url, stopping.signal));
  await expect.poll(asked).toBe(1);
  stopping.abort();
  expect(await failure).toMatchObject({ code: 'CANCELLED' });
  expect(asked()).toBe(1);
});
