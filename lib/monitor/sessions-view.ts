import type { Session } from '../../types/index.js'
import { Best } from './best.js'
import { inSlices } from './slices.js'
import { ROWS, type Look, type SessionRow, type SessionsView } from './view.js'

const orders: Readonly<Record<Look['order'], (one: Session, other: Session) => number>> = {
  newest: (one, other) => other.number - one.number,
  oldest: (one, other) => one.number - other.number,
  waiting: (one, other) => other.waiting - one.waiting || one.number - other.number
}

/** All sessions in figures, and a page of those that are looked for: however many there are, few are kept. */
export async function sessionsView (sessions: ReadonlyMap<string, Session>, { find, order, page }: Look): Promise<SessionsView> {
  const transports: Record<string, number> = Object.create(null)
  const best = new Best((page + 1) * ROWS, orders[order])
  const fits = finder(find)
  let waiting = 0
  let found = 0
  await inSlices(sessions.values(), session => {
    const transport = session.transport ?? 'none'
    transports[transport] = (transports[transport] ?? 0) + 1
    waiting += session.waiting
    if (!fits(session)) return
    found++
    best.add(session)
  })
  const pages = Math.max(1, Math.ceil(found / ROWS))
  const shown = Math.min(page, pages - 1)
  const rows = best.items.slice(shown * ROWS, (shown + 1) * ROWS).map(rowOf)
  return { total: sessions.size, transports, waiting, found, page: shown, pages, rows }
}

function finder (find: string): (session: Session) => boolean {
  const text = find.trim()
  if (text === '') return () => true
  if (text.startsWith('/')) return ({ subscriptions }) => subscriptions.has(text)
  return ({ number, transport, caller }) => String(number) === text || caller.address.includes(text) || transport?.includes(text) === true
}

function rowOf ({ number, transport, caller, age, subscriptions, services, waiting }: Session): SessionRow {
  return { number, transport, address: caller.address, age, subscriptions: subscriptions.size, services: services.length, waiting }
}
