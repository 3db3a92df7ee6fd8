using NetStack.Dhcp;
using NetStack.Runtime;

namespace NetStack;

/// <remarks>Addresses by DHCP, on NICs with <see cref="NicOptions.Dhcp"/>.</remarks>
public sealed partial class NetStackHost
{
    private readonly List<DhcpService> _dhcp = [];
    private readonly List<Waiter> _leaseWaiters = [];

    /// <summary>Waits until every NIC with <see cref="NicOptions.Dhcp"/> has a lease.</summary>
    /// <param name="cancellationToken">Gives up: a link without a server gives none.</param>
    /// <returns>The leases, in the order of the NICs.</returns>
    public async ValueTask<IReadOnlyList<DhcpLease>> WaitForLeasesAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Waiter waiter = new(Loop, _options.Scheduler);
        while (true)
        {
            ValueTask changed;
            using (Loop.Enter())
            {
                CheckRunning();
                if (_dhcp.TrueForAll(d => d.Lease is not null)) return [.. _dhcp.Select(d => d.Lease!)];
                changed = waiter.WaitAsync(cancellationToken);
                _leaseWaiters.Add(waiter);
            }
            try
            {
                await changed.ConfigureAwait(false);
            }
            finally
            {
                using (Loop.Enter()) _leaseWaiters.Remove(waiter);
            }
        }
    }

    /// <summary>Begins on a NIC. The gate is held.</summary>
    private void StartDhcp(NetInterface nic, DhcpOptions options)
    {
        options.HostName ??= _options.Name;
        _dhcp.Add(new DhcpService(nic, options, Loop.Now) { LeaseChanged = service => OnLeaseChanged(nic, service) });
    }

    /// <summary>Gives the leases back. The gate is held.</summary>
    private void StopDhcp()
    {
        foreach (DhcpService service in _dhcp) service.Stop(release: true, Loop.Now);
        TellLeases();
    }

    private void OnLeaseChanged(NetInterface nic, DhcpService service)
    {
        if (Volatile.Read(ref _isStopped) == 0) _diagnostics.OnLease(nic, service.Lease); // a lease that is given back is not lost
        TellLeases();
    }

    private void TellLeases()
    {
        foreach (Waiter waiter in _leaseWaiters) waiter.Signal();
    }
}
