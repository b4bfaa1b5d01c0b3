// Firefox, driven over WebDriver BiDi.
import { launch } from 'puppeteer-core';

/** @param {import('node:test').TestContext} test closes the browser when this ends */
export async function launchFirefox(test) {
  const browser = await launch({
    browser: 'firefox',
    executablePath: process.env.FRESHET_FIREFOX ?? '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.autoplay.default': 0,
      // The namespace has loopback and one address; and there is nobody to resolve a .local name.
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
    },
  });
  test.after(() => browser.close());
  return browser;
}
