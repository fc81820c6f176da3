/**
 * Before Asterisk starts: its configuration from the environment and secrets in files, and its voice. A step of
 * docker-compose.yml and of the systemd units; the same code renders the local stack's.
 *
 *     node src/stack/image/exchange.mjs          configuration and voice
 *     node src/stack/image/exchange.mjs voice    the voice alone: a step of the image, so that a start only copies
 */
import { join } from 'node:path';
import { renderAsteriskConfig } from '../asterisk-config.mjs';
import { tellAndFail } from '../fault.mjs';
import { projectDir } from '../paths.mjs';
import { makeVoice } from '../voice.mjs';
import { exchangeValues, foldersOf } from './exchange-values.mjs';

const dialplan = join(projectDir, 'dialplan');

/** @param {Record<string, string | undefined>} env VOICE_RECORDINGS_DIR: studio recordings; VOICE_CACHE_DIR: what was spoken once */
function speak(env) {
  return makeVoice({
    manifestPath: join(dialplan, 'prompts', 'fa.json'),
    recordingsDir: env.VOICE_RECORDINGS_DIR || join(dialplan, 'prompts', 'recordings'),
    outDir: join(foldersOf(env).dataDir, 'sounds'),
    cacheDir: env.VOICE_CACHE_DIR || join(env.EXCHANGE_HOME || '/srv', 'voice'),
  });
}

async function main([part], env) {
  const files =
    part === 'voice'
      ? []
      : renderAsteriskConfig({
          templatesDir: dialplan,
          outDir: foldersOf(env).etcDir,
          values: exchangeValues(env),
        });
  const voice = await speak(env);
  process.stdout.write(`${JSON.stringify({ files: files.length, voice })}\n`);
}

await main(process.argv.slice(2), process.env).catch(tellAndFail);
