import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { HOST_NAME } from '../../native-host/protocol.ts';
import type { World } from '../cli/world.ts';
import { BROWSERS, type BrowserName, type Desk, installHost, openDesk, screenshot } from './desk.ts';
import { click, row, seen } from './page.ts';

let desk: Desk;
afterEach(async () => desk.close());

const HOST = path.resolve('dist/keyturn-host');
const HOSTS_DIR: { readonly [B in BrowserName]: string } = {
  firefox: '.mozilla/native-messaging-hosts',
  chromium: '.config/chromium/NativeMessagingHosts',
};

function manifestFile({ home }: World, name: BrowserName): string {
  return path.join(home, HOSTS_DIR[name], `${HOST_NAME}.json`);
}

/** Makes the installed manifest start another program than Keyturn's host. */
function startInstead(world: World, name: BrowserName, script: string): void {
  const launcher = path.join(world.home, 'launcher');
  fs.writeFileSync(launcher, script, { mode: 0o755 });
  const manifest = JSON.parse(fs.readFileSync(manifestFile(world, name), 'utf8'));
  fs.writeFileSync(manifestFile(world, name), JSON.stringify({ ...manifest, path: launcher }));
}

/** A desk whose browser meets a host that `spoil` has made unusable, from its start on. */
async function spoiledDesk(name: BrowserName, spoil: (world: World) => void): Promise<Desk> {
  return openDesk(name, {
    isHostInstalled: false,
    prepare: async (world) => {
      await installHost(world, name);
      spoil(world);
    },
  });
}

const OLD_HOST = `#!${path.resolve('dist/lib/node')}
// A host from before the first protocol: it knows no hello.
process.stdin.on('data', (chunk) => {
  const { id } = JSON.parse(chunk.subarray(4).toString());
  const body = Buffer.from(JSON.stringify({ id, ok: false, error: { code: 'BAD_MESSAGE', message: 'what?', details: {} } }));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  process.stdout.write(Buffer.concat([head, body]));
});
`;

describe.each(BROWSERS)('in %s, a host', (name) => {
  it('that does not accept this extension has its own screen, and works once it is installed anew', async () => {
    desk = await spoiledDesk(name, (world) => {
      if (name === 'firefox') {
        // Firefox tells a manifest without our add-on from none in no way: the host's own check is what speaks here.
        startInstead(world, name, `#!/bin/sh\nexec ${HOST} "$1" somebody@else.example\n`);
        return;
      }
      const manifest = JSON.parse(fs.readFileSync(manifestFile(world, name), 'utf8'));
      const allowed_origins = ['chrome-extension://abcdefghijklmnopabcdefghijklmnop/'];
      fs.writeFileSync(manifestFile(world, name), JSON.stringify({ ...manifest, allowed_origins }));
    });
    const popup = await desk.popup();
    expect(await seen(popup, '[data-host=forbidden]')).toContain('keyturn host install');
    screenshot(`${name}-host-forbidden`, await popup.screenshot());
    await installHost(desk.world, name);
    await click(popup, '[data-host=forbidden] .primary:enabled');
    await seen(popup, row('reader'));
  });

  it('that is too old has its own screen', async () => {
    desk = await spoiledDesk(name, (world) => startInstead(world, name, OLD_HOST));
    const popup = await desk.popup();
    expect(await seen(popup, '[data-host=host-too-old]')).toMatch(/update/i);
    screenshot(`${name}-host-too-old`, await popup.screenshot());
  });

  it('that ends as soon as it is started has its own screen', async () => {
    desk = await spoiledDesk(name, (world) => startInstead(world, name, '#!/bin/sh\nexit 3\n'));
    const popup = await desk.popup();
    await seen(popup, '[data-host=stopped]');
  });
});
