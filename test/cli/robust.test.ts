import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { populate, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await populate(world);
});
afterAll(() => world.close());

describe('what is around keyturn may be broken', () => {
  it.each([
    ['407 Proxy Authentication Required', 'AWS_UNREACHABLE'],
    ['502 Bad Gateway', 'AWS_UNREACHABLE'],
  ])(
    'a proxy that answers %s and keeps the connection open does not keep us',
    async (status, code) => {
      const sockets = new Set<net.Socket>();
      const proxy = net.createServer((socket) => {
        sockets.add(socket);
        socket.once('data', () =>
          socket.write(`HTTP/1.1 ${status}\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nno`),
        );
        socket.on('error', () => undefined); // the client leaves when it has heard enough
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      const address = proxy.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      try {
        const env = { AWS_ENDPOINT_URL: undefined, HTTPS_PROXY: `http://127.0.0.1:${port}` };
        const { status: exitStatus, stderr } = await world.run(['exec', 'reader', '--', 'true'], { env });
        expect(stderr).toContain(`[${code}]`);
        expect(exitStatus).toBe(1);
      } finally {
        for (const socket of sockets) socket.destroy();
        proxy.close();
      }
    },
    15_000,
  );

  it('a damaged item of the vault is not a missing one', async () => {
    const item = path.join(world.vaultDir, 'ada');
    const whole = fs.readFileSync(item);
    try {
      for (const damaged of ['garbage', whole.subarray(0, 100)]) {
        fs.writeFileSync(item, damaged);
        const { stderr } = await world.run(['exec', 'ada', '-n', '--', 'true']);
        expect(stderr).toMatch(/ada.*\[KEYRING_CORRUPT\]\n$/);
      }
    } finally {
      fs.writeFileSync(item, whole);
    }
  });

  it.each(['/dev/null/x', '/proc/nope'])(
    'a state directory of %s is named with the way out',
    async (state) => {
      const { stderr, status } = await world.run(['exec', 'reader', '-d', '16m', '--', 'true'], {
        env: { XDG_STATE_HOME: state },
      });
      expect(stderr).toMatch(/XDG_STATE_HOME.*\[CONFIG_INVALID\]\n$/);
      expect(status).toBe(1);
    },
    15_000,
  );

  it('a prompt whose program is not installed is refused at once, in aws-vault’s words', async () => {
    const env = { AWS_VAULT_PROMPT: 'kdialog', PATH: '/nonexistent' };
    const { stderr } = await world.run(['list'], { env });
    expect(stderr).toContain(
      "--prompt value must be one of terminal,browser, got 'kdialog' (in $AWS_VAULT_PROMPT), try --help [USAGE]",
    );
  });

  it('a backend that cannot be opened is told in aws-vault’s words, and why', async () => {
    const { stderr } = await world.run(['list', '--backend', 'secret-service']);
    expect(stderr).toMatch(
      /Specified keyring backend not available, try --help: .*session bus.*\[KEYRING_UNAVAILABLE\]\n$/,
    );
  });
});
