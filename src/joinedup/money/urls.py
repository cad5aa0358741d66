"""The addresses of this room, under /money/."""

from __future__ import annotations

from django.urls import path

from joinedup.money.views import (
    acts,
    allocation,
    authorities,
    contract_form,
    contracts,
    ledger,
    partner_balances,
    payments,
    positions,
    pot,
    start,
)

app_name = "money"
# Codes and keys are those of the books, and may hold any character, a slash as well.
urlpatterns = [
    path("", start.start, name="start"),
    path("allocation/", allocation.allocation, name="allocation"),
    path("position/", positions.position, name="position"),
    path("mismatches/", positions.mismatches, name="mismatches"),
    path("better-care-fund/", positions.better_care_fund, name="better-care-fund"),
    path("authorities/", authorities.authorities, name="authorities"),
    path("authorities/give/", authorities.give, name="give-authority"),
    path("authorities/<path:code>/revoke/", authorities.revoke, name="revoke-authority"),
    path("authorities/<path:code>/", authorities.authority, name="authority"),
    path("trial-balances/", partner_balances.balances, name="balances"),
    path("trial-balances/take-in/", partner_balances.take_in, name="take-in-balance"),
    path("trial-balances/<path:code>/<str:month>/", partner_balances.compared, name="compared"),
    path("funds/<path:code>/ledger/", ledger.ledger, name="ledger"),
    path("funds/<path:code>/trial-balance/", ledger.balance, name="trial-balance"),
    path("funds/<path:code>/virement/", acts.virement, name="virement"),
    path("funds/<path:code>/", pot.fund, name="fund"),
    path("lines/<path:code>/commit/", acts.commit, name="commit"),
    path("lines/<path:code>/", pot.line, name="line"),
    path("plan-lines/<path:code>/", pot.plan_line, name="plan-line"),
    path("postings/<path:key>/", ledger.posting, name="posting"),
    path("contracts/", contracts.contracts, name="contracts"),
    path("contracts/add/", contract_form.add, name="add-contract"),
    path("contracts/<str:code>/notice/", contracts.publish, name="publish-notice"),
    path("contracts/<str:code>/sign/", contracts.sign, name="sign-contract"),
    path("contracts/<str:code>/bind/", contracts.bind, name="bind-contract"),
    path("contracts/<str:code>/achieved/", contracts.achieved, name="achieved"),
    path("contracts/<path:code>/", contracts.contract, name="contract"),
    path("payments/", payments.payments, name="payments"),
    path("payments/settle/", payments.settle, name="settle"),
    path("payments/<int:number>/", payments.payment, name="payment"),
    path("payments/<int:number>/review/", payments.review, name="payment-review"),
]
