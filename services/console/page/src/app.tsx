/** Who is signed in decides what there is: nobody, an operator, or nobody can say. */
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'

import { whenProofIsNeeded, whenSignedOut, whoAmI } from './api/client.ts'
import { isAway, isCode } from './api/problem.ts'
import { Shell } from './shell.tsx'
import { happenings } from './state/live.ts'
import { wave } from './state/wave.ts'
import { askForProof, proofRequest, revokeRequest } from './state/dialogs.ts'
import { Away } from './views/away.tsx'
import { SignIn } from './views/sign-in.tsx'

const RETRY_EVERY_MS = 2_000

export function App() {
  const client = useQueryClient()
  const [wasSignedIn, setWasSignedIn] = useState(false)
  const me = useQuery({
    queryKey: ['session'],
    queryFn: whoAmI,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: ({ state }) => (isAway(state.error) ? RETRY_EVERY_MS : false),
  })
  useEffect(() => {
    whenProofIsNeeded(askForProof)
    whenSignedOut(() => {
      proofRequest.get()?.settle(false)
      revokeRequest.set(undefined)
      // Nothing of what was seen may be left on the page.
      if (client.getQueryData(['session']) === undefined) return
      setWasSignedIn(true)
      happenings.set([])
      wave.set(undefined)
      client.clear()
      void client.invalidateQueries({ queryKey: ['session'] })
    })
  }, [client])

  if (me.data !== undefined) return <Shell session={me.data} />
  if (me.isPending)
    return (
      <p className="splash" role="status">
        Asking who you are…
      </p>
    )
  if (isCode(me.error, 'unauthenticated'))
    return (
      <SignIn wasSignedIn={wasSignedIn} onSignedIn={(session) => client.setQueryData(['session'], session)} />
    )
  return <Away error={me.error} />
}
