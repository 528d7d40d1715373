import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

it('names a host that is no longer where its manifest says, once', async () => {
  expect(await world.run(['host', 'install', '--browser', 'firefox'])).toMatchObject({ status: 0 });
  const manifest = path.join(world.home, '.mozilla/native-messaging-hosts/io.keyturn.host.json');
  const gone = path.join(world.home, 'gone');
  const installed = fs.readFileSync(manifest, 'utf8');
  fs.writeFileSync(manifest, JSON.stringify({ ...JSON.parse(installed), path: gone }));
  const { status, stdout, stderr } = await world.run(['host', 'status']);
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout.slice(stdout.indexOf('Firefox'))).toBe(`Firefox: not working
  manifest ${manifest}
  starts   ${gone}
  problem  the launcher "${gone}" does not exist; run 'keyturn host install' [HOST_NOT_FOUND]
`);
});
