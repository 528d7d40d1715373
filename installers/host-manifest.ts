import path from 'node:path';
import { HOST_NAME } from '../native-host/protocol.ts';
import type { Family } from './browsers.ts';

/** The extensions that a host manifest lets in. */
export type AllowedExtensions = {
  readonly chromiumExtensionIds: readonly string[];
  readonly firefoxAddonIds: readonly string[];
};

export type HostManifest = { readonly path: string; readonly allowed: readonly string[] };

export const MANIFEST_FILE = `${HOST_NAME}.json`;
const DESCRIPTION = 'Keyturn: the vault for AWS credentials on this computer';

/** The file by which a browser of this family finds the launcher, and knows who may start it. `launcherPath` is absolute. */
export function hostManifest(family: Family, launcherPath: string, allowed: AllowedExtensions): string {
  const manifest = { name: HOST_NAME, description: DESCRIPTION, path: launcherPath, type: 'stdio' };
  return `${JSON.stringify({ ...manifest, ...allowance(family, allowed) }, null, 2)}\n`;
}

/** The extensions of a family as its manifests write them. */
export function allowedIn(family: Family, allowed: AllowedExtensions): readonly string[] {
  if (family === 'firefox') return allowed.firefoxAddonIds;
  return allowed.chromiumExtensionIds.map((id) => `chrome-extension://${id}/`);
}

function allowance(family: Family, allowed: AllowedExtensions): object {
  const names = allowedIn(family, allowed);
  return family === 'firefox' ? { allowed_extensions: names } : { allowed_origins: names };
}

/** What a host manifest says; undefined when it is none that this program wrote (of any release, with any launcher). */
export function readOwnManifest(text: string): HostManifest | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return undefined; // somebody else's, or damaged: either way not to be taken for ours
  }
  if (typeof content !== 'object' || content === null) return undefined;
  const {
    name,
    description,
    path: launcher,
    allowed_origins: origins,
    allowed_extensions: addons,
  } = content as Record<string, unknown>; // every field is checked below
  if (name !== HOST_NAME || description !== DESCRIPTION || typeof launcher !== 'string') return undefined;
  const allowed = origins ?? addons;
  return { path: path.normalize(launcher), allowed: Array.isArray(allowed) ? allowed.map(String) : [] };
}
