/** `--check`: tries each service once, all at the same time, and tells how it went. */
import { createApplication, type LogStream } from './application.js'
import type { Settings } from './arguments.js'
import type { Configuration } from './configuration.js'
import type { Definition } from './service-url.js'
import { targetOf } from './target.js'

/** @returns the table to print, and whether every service could be reached */
export async function check ({ trustProxy }: Settings, configuration: Configuration): Promise<{ table: string, ok: boolean }> {
  const reasons = new Reasons()
  const app = await createApplication({ ...configuration, logLevel: 'warn' }, trustProxy, reasons)
  await app.ready()
  const { services } = app.realtime
  const rows = await Promise.all(services.names.map(async name => {
    const { ok, ms, error = '' } = await services.check(name)
    const definition = configuration.options.services?.[name] as Definition
    const { type = 'tcp' } = definition
    // A refusal is for clients and has no detail.
    const failed = reasons.of.get(name) ?? error.split(':').slice(2).join(':')
    return { ok, cells: [name, String(type), targetOf(definition), ok ? reached(type) : failed, String(ms)] }
  }))
  await app.close()
  return {
    table: rows.length === 0 ? 'no services' : tableOf([['NAME', 'TYPE', 'TARGET', 'RESULT', 'MS'], ...rows.map(({ cells }) => cells)]),
    ok: rows.every(({ ok }) => ok)
  }
}

// Nobody answers to the opening of a datagram socket.
const reached = (type: unknown) => type === 'udp' ? 'ok, as far as UDP can tell' : 'ok'

/** The log, of which only the errors of services are kept: they say what clients are not told. */
class Reasons implements LogStream {
  readonly of = new Map<string, string>()

  write (json: string): void {
    const { service, err } = JSON.parse(json) as { service?: string, err?: { message?: string, code?: string } }
    if (service !== undefined && err !== undefined) this.of.set(service, err.message || err.code || '')
  }
}

function tableOf (rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, column) => Math.max(cell.length, widest[column] ?? 0)), [])
  const line = (cells: readonly string[]) => cells.map((cell, column) => {
    const width = widths[column] as number
    return column === cells.length - 1 ? cell.padStart(width) : cell.padEnd(width)
  }).join('  ')
  return rows.map(line).join('\n')
}
