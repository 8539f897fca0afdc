/** The command from its arguments to its exit code. */
import { OptionsError } from '../errors.js'
import { readArguments } from './arguments.js'
import { check } from './check.js'
import { configure } from './configuration.js'
import { help } from './help.js'
import { serve } from './serve.js'
import { version } from './version.js'
import { WrongInput } from './wrong-input.js'

/**
 * @param args without the program itself
 * @returns the exit code; where a gateway runs, once it listens
 */
export async function run (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  try {
    const settings = readArguments(args, env)
    if (settings === 'help') return say(help)
    if (settings === 'version') return say(version)
    const configuration = await configure(settings)
    if (settings.action === 'check') {
      const { table, ok } = await check(settings, configuration)
      return say(table, ok ? 0 : 1)
    }
    await serve(settings, configuration)
    return 0
  } catch (error) {
    if (!(error instanceof WrongInput || error instanceof OptionsError)) throw error
    process.stderr.write(`fastify-bayeux: ${error.message.replace(/^fastify-bayeux: /, '')}\n`)
    return 2
  }
}

function say (text: string, code: number = 0): number {
  process.stdout.write(`${text}\n`)
  return code
}
