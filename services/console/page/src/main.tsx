/** The page begins here. */
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { Router } from 'wouter'

import { createQueryClient } from './api/queries.ts'
import { App } from './app.tsx'
import { UnlessFailed } from './parts/failed.tsx'
import { useAddress, useAddressSearch } from './state/address.ts'
import { watchAttention } from './state/attention.ts'
import { watchLiveness } from './state/liveness.ts'
import './style/tokens.css'
import './style/elements.css'
import './style/shell.css'
import './style/parts.css'
import './style/views.css'

const root = document.getElementById('root')
if (root === null) throw new Error('the page has no root')
watchAttention()
watchLiveness()
createRoot(root).render(
  <QueryClientProvider client={createQueryClient()}>
    <UnlessFailed>
      <Router hook={useAddress} searchHook={useAddressSearch}>
        <App />
      </Router>
    </UnlessFailed>
  </QueryClientProvider>,
)
