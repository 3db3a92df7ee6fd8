using System.Net;
using NetStack.Nic;
using NetStack.Nic.Virtual;

namespace NetStack.Testing.Tests;

/// <summary>Copy strategies, devices and decorators of a user's choice.</summary>
public sealed class PluggedInTests
{
    public static TheoryData<string> Strategies { get; } = ["all", "headers", "in place"];

    [Theory, MemberData(nameof(Strategies))]
    public Task Any_copy_strategy_can_be_chosen(string name) => VirtualNetwork.RunAsync(1, async net =>
    {
        ICopyStrategy strategy = name switch
        {
            "all" => CopyStrategy.CopyAll,
            "headers" => CopyStrategy.CopyHeaders,
            _ => CopyStrategy.ZeroCopy,
        };
        (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", loss: 0.02, configure: (_, o) => o.Nic = n => n.Copy = strategy);
        await EchoAsync(a, b);
    });

    [Fact]
    public Task A_device_that_lies_in_its_ring_is_plugged_in_and_does_no_harm() => VirtualNetwork.RunAsync(1, async net =>
    {
        Liar liar = new();
        (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", configure: (name, o) =>
        {
            if (name == "b") o.Device = d => d with { Tamper = liar };
        });
        await EchoAsync(a, b);
        Assert.True(liar.Lies > 10);
    });

    [Fact]
    public async Task A_tap_can_stand_before_a_device()
    {
        string path = Path.GetTempFileName();
        try
        {
            await VirtualNetwork.RunAsync(1, async net =>
            {
                (NetStackHost a, NetStackHost b) = net.AddPair("a", "b", configure: (name, o) =>
                {
                    if (name == "a") o.Decorate = nic => new CaptureTap(nic, path, new CaptureTapOptions { TimeProvider = net.Time });
                });
                await EchoAsync(a, b);
            });
            using CaptureReader reader = CaptureReader.Open(path);
            int frames = 0;
            while (reader.TryRead(out CaptureRecord record)) frames++;
            Assert.True(frames > 50);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static async Task EchoAsync(NetStackHost a, NetStackHost b)
    {
        Task echo = Programs.EchoOnceAsync(b, 7);
        string text = new('x', 100_000);
        Assert.Equal(text, await Programs.AskAsync(a, "b", 7, text));
        await echo;
    }

    /// <summary>Names buffers that it does not have.</summary>
    private sealed class Liar : DeviceTamper
    {
        internal int Lies { get; private set; }

        public override void AfterCompletion(int queue, in RxCompletion completion, DeviceControls controls)
        {
            Lies++;
            RxCompletion lie = completion;
            lie.BufferId = 60_000;
            controls.WriteCompletion(queue, lie);
        }
    }
}
