/** A balancer in a few lines: each connection goes to the next of several ports that takes it. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

type Test = { after: (fn: () => unknown) => unknown }

/** Starts one; it ends with the test. @returns its port */
export async function startRoundRobin (t: Test, ports: readonly number[]): Promise<number> {
  const open = new Set<Socket>()
  let turn = 0
  const onward = (client: Socket, attempts: number): void => {
    const port = ports[turn++ % ports.length] as number
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    let through = false
    server.once('connect', () => {
      through = true
      client.pipe(server).pipe(client)
    })
    server.on('error', () => {})
    server.once('close', () => {
      if (!through && attempts > 1 && !client.destroyed) onward(client, attempts - 1)
      else client.destroy()
    })
    client.once('close', () => server.destroy())
  }
  const balancer = createServer({ noDelay: true }, client => {
    open.add(client)
    client.on('error', () => {})
    client.once('close', () => open.delete(client))
    onward(client, ports.length)
  }).listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  t.after(() => {
    for (const socket of open) socket.destroy()
    balancer.close()
  })
  return (balancer.address() as AddressInfo).port
}
