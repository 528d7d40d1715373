import { addKey, startWorld, type World, writeConfig } from '../test/cli/world.ts';

export const PROFILE_COUNT = 300;

/** A world whose user `p` has a key in the vault and a session in the cache, and as many roles as make up `profileCount`. */
export async function worldWithProfiles(profileCount: number, env: Record<string, string> = {}): Promise<World> {
  const world = await startWorld();
  Object.assign(world.env, env);
  try {
    const user = world.aws.addUser({ account: '111122223333', name: 'ada' });
    writeConfig(world, configText(profileCount));
    await addKey(world, 'p', world.aws.addAccessKey(user));
    const { status, stderr } = await world.run(['exec', 'p', '--', 'true']);
    if (status !== 0) throw new Error(stderr);
    return world;
  } catch (error) {
    await world.close();
    throw error;
  }
}

const STAGES = ['prod', 'staging', 'dev'];

function configText(profileCount: number): string {
  const roles = Array.from({ length: profileCount - 1 }, (_, index) => {
    const name = `team-${Math.floor(index / STAGES.length)}-${STAGES[index % STAGES.length]}`;
    const roleArn = `arn:aws:iam::${100_000_000_000 + index}:role/admin`;
    return `[profile ${name}]\nsource_profile = p\nrole_arn = ${roleArn}\nregion = eu-central-1\n`;
  });
  return `[default]\nregion = eu-west-1\n\n[profile p]\n\n${roles.join('\n')}`;
}
