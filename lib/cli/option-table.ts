/** The options of the command line: one table for reading them and for `--help`. */

/** An option that takes a value. */
export interface ValueOption {
  readonly name: 'config' | 'service' | 'port' | 'host' | 'path' | 'origin' | 'directory' | 'log-level' | 'trust-proxy'
  readonly short?: string
  /** What stands for its value in `--help`. */
  readonly value: string
  /** For `--help`, a line each. */
  readonly meaning: readonly string[]
  /** For `--help`; the default itself is where the option is used. */
  readonly fallback?: string
  /** It may be repeated; in its variable values are parted by this. */
  readonly many?: { readonly parted: RegExp, readonly how: string }
  /** The only values that it takes. */
  readonly choices?: readonly string[]
  /** Another variable, of hosts that know the command by its port only. */
  readonly also?: string
}

/** An option that does something else than run the gateway. */
export interface ActionOption {
  readonly name: 'check' | 'version' | 'help'
  readonly short?: string
  readonly meaning: readonly string[]
}

/** Where the gateway listens by default. */
export const DEFAULT_PORT = 3000
export const DEFAULT_HOST = '127.0.0.1'

export const valueOptions: readonly ValueOption[] = [
  { name: 'config', short: 'c', value: 'FILE', meaning: ['Options of the gateway, as YAML or JSON.'] },
  {
    name: 'service',
    short: 's',
    value: 'NAME=URL',
    many: { parted: /\r?\n/, how: 'one a line' },
    meaning: ['What is behind /service/NAME. May be repeated.', 'It replaces a service of that name in FILE.']
  },
  { name: 'port', short: 'p', value: 'PORT', fallback: String(DEFAULT_PORT), also: 'PORT', meaning: ['Port to listen on; 0 for any free one.'] },
  { name: 'host', value: 'ADDRESS', fallback: DEFAULT_HOST, meaning: ['Address to listen on; 0.0.0.0 for everybody.'] },
  { name: 'path', value: 'PATH', fallback: '/realtime', meaning: ['The one URL of the gateway.'] },
  {
    name: 'origin',
    value: 'ORIGIN',
    many: { parted: /\s+/, how: 'parted by spaces' },
    meaning: ['Pages of another host that may speak, such as', 'https://app.example, or * for any. May be repeated.']
  },
  {
    name: 'directory',
    value: 'WHAT',
    choices: ['names', 'full'],
    fallback: 'names',
    meaning: ['What clients learn of the services: names and types', '(names), or hosts and ports too (full).']
  },
  {
    name: 'log-level',
    value: 'LEVEL',
    choices: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    fallback: 'info',
    meaning: ['fatal, error, warn, info, debug, trace or silent.', 'Requests and sessions are told from debug on.']
  },
  { name: 'trust-proxy', value: 'LIST', meaning: ['Proxies whose X-Forwarded-… headers are believed:', 'loopback, or addresses parted by commas.'] }
]

export const actionOptions: readonly ActionOption[] = [
  { name: 'check', meaning: ['Check the configuration, try each service once,', 'print how it went, and exit.'] },
  { name: 'version', short: 'v', meaning: ['Print the version and exit.'] },
  { name: 'help', short: 'h', meaning: ['Print this and exit.'] }
]

/** The environment variable of an option. */
export const variableOf = (name: string): string => `FASTIFY_BAYEUX_${name.toUpperCase().replaceAll('-', '_')}`
