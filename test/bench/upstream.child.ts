/** ③ The service behind the proxies: answers at once with a kilobyte of JSON. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { serveCommands } from './child.ts'

const BODY = JSON.stringify({
  documents: Array.from({ length: 20 }, (_, id) => ({ id, title: `Document ${id}`, pages: 7 })),
})

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': BODY.length }).end(BODY)
})

export const commands = serveCommands(
  {
    start: () =>
      new Promise<string>((resolve) => {
        server.listen(0, '127.0.0.1', () =>
          resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
        )
      }),
  },
  () => server.closeAllConnections(),
)
