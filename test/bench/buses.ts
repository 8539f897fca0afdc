/** The programs that nodes meet over, as the machine's packages install them, each in a process of its own. */
import { spawn } from 'node:child_process'
import { freePort } from '../harness/free-port.js'
import { findProgram } from '../harness/installed-server.js'
import { cpuOf, listening, NotInstalled, stopped } from './process.js'

export type BusKind = 'nats' | 'redis'

/** What a bus has taken and given out since it began. */
export interface Traffic {
  readonly messagesIn: number
  readonly messagesOut: number
  readonly bytesOut: number
}

export interface Bus {
  readonly kind: BusKind
  readonly port: number
  /** Microseconds of CPU that it used so far, in steps of 10,000. */
  cpu (): number
  /** Its own count; null where it keeps none. */
  traffic (): Promise<Traffic | null>
  stop (): Promise<void>
}

const buses: Record<BusKind, (port: number, watch: number) => readonly [program: string, ...rest: string[]]> = {
  nats: (port, watch) => ['nats-server', '-a', '127.0.0.1', '-p', String(port), '-m', String(watch)],
  redis: port => ['redis-server', '--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
}

/** Starts one on a free port. @throws NotInstalled where the machine has none */
export async function startBus (kind: BusKind): Promise<Bus> {
  const port = await freePort()
  const watch = await freePort()
  const [name, ...rest] = buses[kind](port, watch)
  const program = findProgram(name)
  if (program === null) throw new NotInstalled(name)
  const child = spawn(program, rest, { stdio: 'ignore' })
  await listening(port)
  return {
    kind,
    port,
    cpu: () => cpuOf(child.pid as number),
    traffic: async () => kind === 'nats' ? trafficOf(watch) : null,
    stop: () => stopped(child, () => child.kill())
  }
}

// Its monitoring port (docs.nats.io, "Monitoring").
async function trafficOf (watch: number): Promise<Traffic> {
  const answer = await fetch(`http://127.0.0.1:${watch}/varz`)
  const { in_msgs: messagesIn, out_msgs: messagesOut, out_bytes: bytesOut } = await answer.json() as Record<'in_msgs' | 'out_msgs' | 'out_bytes', number>
  return { messagesIn, messagesOut, bytesOut }
}
