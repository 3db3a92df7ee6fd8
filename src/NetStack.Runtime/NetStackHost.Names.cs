using System.Net;
using System.Net.Sockets;
using NetStack.Dns;
using NetStack.Runtime;

namespace NetStack;

/// <remarks>Names.</remarks>
public sealed partial class NetStackHost
{
    private readonly DnsService _dns;

    /// <summary>Finds the addresses of a name, in the order in which they should be tried (RFC 6724 section 6). Servers are those of
    /// <see cref="NetStackHostOptions.Dns"/>, or else those that DHCP leases and router advertisements tell.</summary>
    /// <param name="name">A name, or an address in text.</param>
    /// <param name="family">Which family is wanted; <see cref="AddressFamily.Unspecified"/> for both.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>At least one address; none for an address in text that is of the other family.</returns>
    /// <exception cref="SocketException">As <see cref="System.Net.Dns"/> has it: <see cref="SocketError.HostNotFound"/>,
    /// <see cref="SocketError.NoData"/> where the name has no address of the family, <see cref="SocketError.TryAgain"/> where no server
    /// told.</exception>
    public async ValueTask<IPAddress[]> ResolveAsync(string name, AddressFamily family = AddressFamily.Unspecified, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        cancellationToken.ThrowIfCancellationRequested();
        if (IPAddress.TryParse(name, out IPAddress? address)) return family is AddressFamily.Unspecified || family == address.AddressFamily ? [address] : [];
        DnsFamily wanted = family switch
        {
            AddressFamily.Unspecified => DnsFamily.Any,
            AddressFamily.InterNetwork => DnsFamily.V4,
            AddressFamily.InterNetworkV6 => DnsFamily.V6,
            _ => throw SocketErrors.Exception(SocketError.AddressFamilyNotSupported),
        };
        return await Tracing.LookupAsync(Loop, _diagnostics, name, () => AskAsync(name, wanted, cancellationToken)).ConfigureAwait(false);
    }

    private async ValueTask<IPAddress[]> AskAsync(string name, DnsFamily family, CancellationToken cancellationToken)
    {
        DnsLookup lookup = await LookUpAsync(name, family, cancellationToken).ConfigureAwait(false);
        return lookup.Status switch
        {
            DnsStatus.Success => [.. lookup.Addresses.Select(a => a.ToIPAddress())],
            DnsStatus.NotFound => throw SocketErrors.Exception(SocketError.HostNotFound),
            DnsStatus.NoData => throw SocketErrors.Exception(SocketError.NoData),
            _ => throw SocketErrors.Exception(SocketError.TryAgain),
        };
    }

    private async ValueTask<DnsLookup> LookUpAsync(string name, DnsFamily family, CancellationToken cancellationToken)
    {
        Waiter waiter = new(Loop, _options.Scheduler);
        ValueTask ended;
        DnsLookup lookup;
        using (Loop.Enter())
        {
            CheckRunning();
            ended = waiter.WaitAsync(cancellationToken);
            lookup = _dns.Resolve(name, family, _ => waiter.Signal(), Loop.Now);
            _driver.Touch();
        }
        try
        {
            await ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            using (Loop.Enter()) _dns.Cancel(lookup, Loop.Now);
            throw;
        }
        CheckRunning();
        return lookup;
    }
}
