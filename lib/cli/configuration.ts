/** The options of the gateway: those of the file, and over them those of the command line and the environment. */
import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { readOptions, type RealtimeOptions } from '../options/index.js'
import type { Settings } from './arguments.js'
import { WrongInput } from './wrong-input.js'

/** What the plugin gets, and the level of the log. */
export interface Configuration {
  readonly options: RealtimeOptions
  readonly logLevel: string
}

type Plain = Record<string, unknown>

// They are functions, or are made of functions.
const code = new Set(['authenticate', 'renew', 'sameIdentity', 'identityExpires', 'policy', 'extensions', 'connectors', 'history', 'onRequest', 'preValidation', 'preHandler'])

/** @throws WrongInput or FST_BAYEUX_OPTIONS naming what is wrong */
export async function configure (settings: Settings): Promise<Configuration> {
  const { config, services, path, origins, directory } = settings
  const { logLevel, ...file } = config === undefined ? {} as Plain : await readConfiguration(config, Object.keys(services))
  const options = {
    ...file,
    services: { ...file.services as object, ...services },
    ...(path !== undefined && { path }),
    ...(origins.length > 0 && { origins: [...origins] }),
    ...(directory !== undefined && { directory })
  } as RealtimeOptions
  readOptions(options)
  return { options, logLevel: settings.logLevel ?? logLevel as string | undefined ?? 'info' }
}

/** @param replaced services that the command line has in place of the file's, whatever those are */
async function readConfiguration (path: string, replaced: readonly string[]): Promise<Plain> {
  const value = parse(path, await read(path))
  for (const key of Object.keys(value)) if (code.has(key)) throw new WrongInput(`${path}: ${key}: Cannot be set in a file, because it is code`)
  const { services } = value
  if (isPlain(services)) {
    for (const [name, definition] of Object.entries(services)) {
      if (isPlain(definition) && definition.type === 'internal') throw new WrongInput(`${path}: services.${name}.type: 'internal' cannot be set in a file, because it is code`)
    }
    value.services = Object.fromEntries(Object.entries(services).filter(([name]) => !replaced.includes(name)))
  }
  try {
    readOptions(value)
  } catch (error) {
    throw new WrongInput(`${path}: ${(error as Error).message.replace(/^fastify-bayeux: /, '')}`)
  }
  return value
}

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value)

async function read (path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new WrongInput(`${path}: ${(error as Error).message}`)
  }
}

// Every JSON text is a YAML text.
function parse (path: string, text: string): Plain {
  const document = parseDocument(text)
  const [problem] = [...document.errors, ...document.warnings]
  if (problem !== undefined) throw new WrongInput(`${path}: ${problem.message.split('\n')[0]?.replace(/:$/, '')}`)
  let value: unknown
  try {
    value = document.toJS()
  } catch (error) {
    throw new WrongInput(`${path}: ${(error as Error).message}`)
  }
  if (value === null) return {}
  if (!isPlain(value)) throw new WrongInput(`${path}: Expected options by name`)
  return value
}
