"""imgkit: custom images of Alibaba Cloud ECS, exported, downloaded, proven, converted and inspected."""
