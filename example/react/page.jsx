/** A component on the two hooks: a list of what was said, and a field to say something. */
import { useState } from 'react'
import { createRoot } from 'react-dom/client'
import { RealtimeClient } from 'fastify-bayeux/client'
import { useChannel, useConnection } from './use-channel.ts'

const client = new RealtimeClient('/realtime')

function Chat () {
  const lines = useChannel(client, '/chat')
  const { state } = useConnection(client)
  const [text, setText] = useState('')
  const say = async event => {
    event.preventDefault()
    setText('')
    await client.publish('/chat', text)
  }
  return (
    <main>
      <h1>Chat</h1>
      <p role='status'>{state}</p>
      <ul aria-live='polite'>{lines.map((line, index) => <li key={index}>{line}</li>)}</ul>
      <form onSubmit={say}>
        <input value={text} onChange={event => setText(event.target.value)} maxLength={200} aria-label='What you say' /> <button>Say</button>
      </form>
    </main>
  )
}

createRoot(document.getElementById('root')).render(<Chat />)
