/**
 * The address of the page, for the router. The router decodes path and query once (`decodeURI`) before the views decode the names
 * within: a user called `a%2Fb` would become `a/b`, which is another user. `%25` is therefore doubled first.
 * Promise: the views read the names that the address holds.
 */
import { useBrowserLocation, useSearch, type BrowserLocationHook } from 'wouter/use-browser-location'

export const useAddress: BrowserLocationHook = () => {
  const [path, navigate] = useBrowserLocation()
  return [guarded(path), navigate]
}

export const useAddressSearch = (): string => guarded(useSearch())

function guarded(text: string): string {
  return text.replaceAll('%25', '%2525')
}
