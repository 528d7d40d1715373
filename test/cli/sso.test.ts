import { afterEach, beforeEach, expect, it } from 'vitest';
import { FOLLOWING, type SsoWorld, startSsoWorld } from './sso-world.ts';
import { operations } from './world.ts';

let world: SsoWorld;
beforeEach(async () => {
  world = await startSsoWorld();
});
afterEach(async () => {
  world.aws.assertNoUnexpectedCalls();
  await world.close();
});

it('logs in with an authorization code that the browser brings back', async () => {
  world.installBrowser(FOLLOWING);
  const r = await world.run(['exec', 'dev', '--debug', '--', 'sh', '-c', 'echo $AWS_ACCESS_KEY_ID']);
  console.log(r, operations(world));
  const d = await world.run(['exec', 'prod', '--', 'sh', '-c', 'echo $AWS_ACCESS_KEY_ID']);
  console.log(d, operations(world));
  expect(r.status).toBe(0);
});
