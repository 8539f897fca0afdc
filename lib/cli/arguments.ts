/** Reads the command line and the environment. The command line wins. */
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { actionOptions, DEFAULT_HOST, DEFAULT_PORT, valueOptions, variableOf, type ActionOption, type ValueOption } from './option-table.js'
import { readServiceUrl, type Definition } from './service-url.js'
import { WrongInput } from './wrong-input.js'

/** What to run, and how. What is undefined or empty was not given; the file may say it. */
export interface Settings {
  readonly action: 'serve' | 'check'
  readonly config: string | undefined
  /** By name, as the option `services` has them. */
  readonly services: Readonly<Record<string, Definition>>
  readonly port: number
  readonly host: string
  readonly path: string | undefined
  readonly origins: readonly string[]
  readonly directory: string | undefined
  readonly logLevel: string | undefined
  readonly trustProxy: string | undefined
}

/** Values of an option, and what to call it where they are wrong. */
interface Given {
  readonly values: readonly string[]
  readonly source: string
}

/** @throws WrongInput naming the option or the variable that is wrong */
export function readArguments (args: readonly string[], env: NodeJS.ProcessEnv): Settings | 'help' | 'version' {
  const flags = parse(args)
  if (flags.help === true) return 'help'
  if (flags.version === true) return 'version'
  const given = (name: ValueOption['name']) => give(name, flags, env)
  const last = (name: ValueOption['name']) => given(name)?.values.at(-1)
  return {
    action: flags.check === true ? 'check' : 'serve',
    config: last('config'),
    // By name, so those of the variable stay where the command line has others.
    services: { ...readServices(give('service', {}, env)), ...readServices(give('service', flags, {})) },
    port: readPort(given('port')),
    host: last('host') ?? DEFAULT_HOST,
    path: last('path'),
    origins: given('origin')?.values ?? [],
    directory: last('directory'),
    logLevel: last('log-level'),
    trustProxy: last('trust-proxy')
  }
}

type Flags = Readonly<Partial<Record<ValueOption['name'], readonly string[]> & Record<ActionOption['name'], boolean>>>

function parse (args: readonly string[]): Flags {
  const named = (option: ValueOption | ActionOption) => {
    const short = option.short === undefined ? {} : { short: option.short }
    return [option.name, 'value' in option ? { type: 'string', multiple: true, ...short } : { type: 'boolean', ...short }]
  }
  const options = Object.fromEntries([...valueOptions, ...actionOptions].map(named)) as ParseArgsConfig['options']
  try {
    return parseArgs({ args: [...args], options }).values as Flags
  } catch (error) {
    // Node explains at length; its first sentence says what is wrong.
    throw new WrongInput(`${(error as Error).message.split(/\.\s|\n/)[0]?.replace(/\.$/, '')}. Try --help.`)
  }
}

function give (name: ValueOption['name'], flags: Flags, env: NodeJS.ProcessEnv): Given | null {
  const option = valueOptions.find(each => each.name === name) as ValueOption
  const flag = flags[name]
  if (flag !== undefined) return refuseValues(option, { values: flag, source: `--${name}` })
  for (const source of [variableOf(name), option.also ?? '']) {
    const text = env[source]?.trim() ?? ''
    if (text === '') continue
    const values = option.many === undefined ? [text] : text.split(option.many.parted).map(each => each.trim()).filter(each => each !== '')
    return refuseValues(option, { values, source })
  }
  return null
}

function refuseValues ({ choices }: ValueOption, given: Given): Given {
  for (const value of given.values) {
    if (value === '') throw new WrongInput(`${given.source}: Expected a value`)
    if (choices?.includes(value) === false) throw new WrongInput(`${given.source}: Expected ${choices.join(' or ')}, not '${value}'`)
  }
  return given
}

function readPort (given: Given | null): number {
  if (given === null) return DEFAULT_PORT
  const text = given.values.at(-1) as string
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text)
  throw new WrongInput(`${given.source}: Expected a port, 0 to 65535, not '${text}'`)
}

function readServices (given: Given | null): Record<string, Definition> {
  const services = new Map<string, Definition>()
  for (const value of given?.values ?? []) {
    const { source } = given as Given
    const [, name, url] = /^([^=]+)=(.+)$/s.exec(value) ?? []
    if (name === undefined || url === undefined) throw new WrongInput(`${source}: Expected NAME=URL, not '${value}'`)
    if (services.has(name)) throw new WrongInput(`${source} ${name}: Given twice`)
    try {
      services.set(name, readServiceUrl(url))
    } catch (error) {
      throw error instanceof WrongInput ? new WrongInput(`${source} ${name}: ${error.message}`) : error
    }
  }
  return Object.fromEntries(services)
}
