/* Beside allauth's own scripts: loses no press that comes before they are there, and says on the page why a passkey
   could not be used, which they would tell the console only. It stands in the page's head, so it is there before any
   button. Its buttons are of type "submit": Enter presses them, and without scripts the server says what is missing. */
(() => {
  const BUTTONS = '#passkey_login, #mfa_webauthn_add, #mfa_webauthn_authenticate, #mfa_webauthn_reauthenticate'
  const UNKNOWN = 'The passkey could not be used. Try again, or use another way.'
  const WORDS = {
    NotAllowedError: 'The passkey was not used: you cancelled, or it took too long. Try again, or use another way.',
    InvalidStateError: 'This device has been added already.',
    NotSupportedError: 'This device or browser has no passkeys that we can use. Use another way.',
    SecurityError: 'Passkeys work only at this site’s own secure address. Use another way.'
  }
  let ready = false
  let asking = false
  let pressed = null

  function say (words) {
    const place = document.getElementById('passkey-problem')
    if (!place) return false
    place.textContent = words
    place.hidden = !words
    return true
  }

  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element && event.target.closest(BUTTONS)
    if (!button) return
    event.preventDefault()
    if (!ready) pressed = button
    if (!ready || asking) event.stopImmediatePropagation()
    else if (!window.allauth || !window.allauth.webauthn) say(UNKNOWN)
    else {
      asking = true
      say('')
    }
  }, true)

  // On the window, which hears of it after the document, where allauth's scripts listen.
  window.addEventListener('DOMContentLoaded', () => {
    ready = true
    if (pressed) pressed.click()
  })

  window.addEventListener('pageshow', () => {
    asking = false
  })

  document.addEventListener('allauth.error', (event) => {
    asking = false
    const name = event.detail && event.detail.exception ? event.detail.exception.name : ''
    if (say(WORDS[name] || UNKNOWN)) event.preventDefault()
  })
})()
