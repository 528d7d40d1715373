import { defineConfig } from 'vite';
import { extensionConfig } from './build/extension.ts';
import { nodeConfig } from './build/node.ts';

/** One configuration, three builds: `--mode node` (command line and native host), `--mode chromium`, `--mode firefox`. */
export default defineConfig(({ mode }) => {
  if (mode === 'chromium' || mode === 'firefox') return extensionConfig(mode);
  if (mode === 'node') return nodeConfig();
  throw new Error(`unknown mode ${mode}: use --mode node, --mode chromium or --mode firefox`);
});
