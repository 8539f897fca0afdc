/** `--check`: tries each service once, all at the same time, and tells how it went. */
import type { ServiceCheck } from '../../types/index.js'
import { createApplication } from './application.js'
import type { Settings } from './arguments.js'
import type { Configuration } from './configuration.js'
import type { Definition } from './service-url.js'
import { targetOf } from './target.js'

/** @returns the table to print, and whether every service could be reached */
export async function check ({ trustProxy }: Settings, configuration: Configuration): Promise<{ table: string, ok: boolean }> {
  const app = await createApplication({ ...configuration, logLevel: 'silent' }, trustProxy, { write () {} })
  await app.ready()
  const { services } = app.realtime
  const rows = await Promise.all(services.names.map(async name => {
    const checked = await services.check(name)
    const definition = configuration.options.services?.[name] as Definition
    const { type = 'tcp' } = definition
    return { ok: checked.ok, cells: [name, String(type), targetOf(definition), checked.ok ? reached(type) : reasonOf(checked), String(checked.ms)] }
  }))
  await app.close()
  return {
    table: rows.length === 0 ? 'no services' : tableOf([['NAME', 'TYPE', 'TARGET', 'RESULT', 'MS'], ...rows.map(({ cells }) => cells)]),
    ok: rows.every(({ ok }) => ok)
  }
}

// Nobody answers to the opening of a datagram socket.
const reached = (type: unknown) => type === 'udp' ? 'ok, as far as UDP can tell' : 'ok'

// A refusal is for clients and has no detail. An AggregateError, of all addresses of a host, has a code and no message.
function reasonOf ({ error = '', cause }: ServiceCheck): string {
  const { message = '', code = '' } = (cause ?? {}) as NodeJS.ErrnoException
  return message || code || error.split(':').slice(2).join(':')
}

function tableOf (rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)), [])
  const line = (cells: readonly string[]) => cells.map((cell, column) => {
    const width = widths[column] as number
    return column === cells.length - 1 ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ')
  return rows.map(line).join('\n')
}
