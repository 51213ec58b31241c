"""The hub's own push service for networks without the Internet: RFC 8030 on one side, Mozilla's autopush
protocol on the other. Firefox uses it when `dom.push.serverURL` names it; messages stay encrypted.
"""
