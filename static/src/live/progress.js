/** @odoo-module **/

import { onMounted, onWillUnmount } from "@odoo/owl";
import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { RPCError } from "@web/core/network/rpc";
import { useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";

// Milliseconds. The bus says when there is something new; this is for where it does not get through.
export const EVERY = 5000;
const STANDS_STILL = 10000; // then it has no speed

export const FIELDS = ["state", "shown_state", "fetched", "expected"];

/** How fast something goes on, from how far it was when it was looked at. */
export class Rate {
    constructor() {
        this.before = undefined;
        this.perSecond = 0;
    }

    measure(fetched, at = Date.now()) {
        if (this.before && fetched > this.before.fetched && at > this.before.at) {
            this.perSecond = ((fetched - this.before.fetched) * 1000) / (at - this.before.at);
        }
        if (!this.before || fetched !== this.before.fetched) {
            this.before = { at, fetched };
        } else if (at - this.before.at > STANDS_STILL) {
            this.perSecond = 0;
        }
    }
}

/** "1,200 of 5,000 records, 300 a second, 13 s left"; what is not known is not said. */
export function progressText({ state, fetched, expected }, perSecond) {
    if (state === "pending" && !fetched) {
        return _t("Waiting for its turn…");
    }
    const count = formatInteger(fetched);
    const isCounted = expected >= fetched && expected > 0;
    const parts = [
        isCounted
            ? _t("%(count)s of %(total)s records", { count, total: formatInteger(expected) })
            : _t("%(count)s records so far", { count }),
    ];
    if (perSecond) {
        parts.push(_t("%(rate)s a second", { rate: formatInteger(Math.round(perSecond)) }));
        if (isCounted && expected > fetched) {
            parts.push(timeLeft(Math.ceil((expected - fetched) / perSecond)));
        }
    }
    return parts.join(", ");
}

/** Is it shown how far it is? While it waits for the other system, or is paused, the page says so already. */
export function isMoving({ shown_state }) {
    return ["pending", "running"].includes(shown_state);
}

/** For a bar; null where it is not known how many there are. */
export function percentOf({ fetched, expected }) {
    return expected >= fetched && expected > 0 ? Math.floor((100 * fetched) / expected) : null;
}

function timeLeft(seconds) {
    if (seconds < 60) {
        return _t("%(seconds)s s left", { seconds });
    }
    return _t("%(minutes)s min left", { minutes: Math.round(seconds / 60) });
}

/**
 * Has `read` called when a run is told of, and now and then; never twice at once, and not on a page nobody sees.
 *
 * What is told meanwhile is kept, the last of it: `read` looks at how things are, not at what was told.
 */
export function useNews(read, isOfInterest) {
    const bus = useService("bus_service");
    let isReading = false;
    let missed;
    let timer;
    const once = async (news) => {
        if (!isOfInterest(news)) {
            return;
        }
        if (isReading || document.hidden) {
            missed = news || missed;
            return;
        }
        isReading = true;
        try {
            await read(news);
        } catch (error) {
            if (!(error instanceof RPCError)) {
                throw error;
            }
            browser.clearInterval(timer); // it is gone, or may not be read any more
        } finally {
            isReading = false;
        }
        catchUp();
    };
    const catchUp = () => {
        if (missed && !document.hidden) {
            const news = missed;
            missed = undefined;
            once(news);
        }
    };
    onMounted(() => {
        bus.start?.();
        bus.subscribe("bridge.run", once);
        document.addEventListener("visibilitychange", catchUp);
        timer = browser.setInterval(() => once(), EVERY);
        // What is shown was read before anybody listened, maybe by Odoo's own cache: what was told meanwhile is lost.
        once();
    });
    onWillUnmount(() => {
        bus.unsubscribe("bridge.run", once);
        document.removeEventListener("visibilitychange", catchUp);
        browser.clearInterval(timer);
    });
}
